//go:build tools

// Package tools names the program that enforces NetworkPolicies in the test bed, so that go.mod pins it.
package tools

import _ "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"
