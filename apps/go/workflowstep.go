// Package workflowstep hands the workflow step of the request that is being served on with the requests that are made
// because of it.
//
// Copy this file into a service that has a Stepgate gate in front of it. It needs Go 1.21 or later and nothing else.
//
//	http.ListenAndServe(":8080", workflowstep.Handler(mux))
//
//	client := &http.Client{Transport: workflowstep.Transport{}}
//	request, err := http.NewRequestWithContext(r.Context(), "POST", url, body)
//
// A request that has the header already keeps its own. Only this client hands the step on, to every host that it calls.
//
// Limits. The step is in the context of the request: a call with another context has none. Do not keep that context for
// another request. Work from a queue has no step. At a join, with a receipt or with a start token, the application sets
// the header itself.
package workflowstep

import (
	"context"
	"net/http"
	"slices"
)

// Header is the gate's `header`, in Go's canonical form.
const Header = "X-Workflow-Step"

type key struct{}

// Handler serves requests with next, and keeps the step of each in its context.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		step := slices.Clone(r.Header.Values(Header))
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, step)))
	})
}

// Transport adds the step in the context of a request to it, and sends it with Base, or http.DefaultTransport.
type Transport struct{ Base http.RoundTripper }

// RoundTrip sends one request.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	step, _ := r.Context().Value(key{}).([]string)
	if _, own := r.Header[Header]; len(step) > 0 && !own {
		// A RoundTripper must not change the request.
		r = r.Clone(r.Context())
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header[Header] = slices.Clone(step)
	}
	return base.RoundTrip(r)
}
