{{/*
The inventory: every workload that has a Secret, with the documents in which it takes part. As JSON, by
NAMESPACE/ACCOUNT: namespace, account, keys, interlock, environment (variable to secret), documents (their positions in
`workflows`).
*/}}
{{- define "stepgate.inventory" -}}
{{- $secrets := .Values.secrets | required "secrets: --set-file secrets=FILE, a file of `stepgate secrets`" -}}
{{- $workloads := dict -}}
{{- range $text := splitList "\n---\n" $secrets -}}
  {{- $secret := fromYaml $text -}}
  {{- if or (hasKey $secret "Error") (ne (toString $secret.kind) "Secret") -}}
    {{- fail "secrets: this is not a file that `stepgate secrets` has written" -}}
  {{- end -}}
  {{- $account := trimPrefix "stepgate-" $secret.metadata.name -}}
  {{- $workload := dict "namespace" $secret.metadata.namespace "account" $account "environment" $secret.stringData "documents" list -}}
  {{- $_ := set $workload "keys" (fromJsonArray (get $secret.metadata.annotations "stepgate.dev/keys")) -}}
  {{- $_ := set $workload "interlock" (fromJsonArray (get $secret.metadata.annotations "stepgate.dev/interlock")) -}}
  {{- $_ := set $workloads (printf "%s/%s" $secret.metadata.namespace $account) $workload -}}
{{- end -}}
{{- range $position := include "stepgate.order" . | fromJsonArray -}}
  {{- $position = int $position -}}
  {{- $document := include "stepgate.long" (index $.Values.workflows $position) | fromJson -}}
  {{- range $name, $actor := $document.actors -}}
    {{- range $id := $actor.spiffe -}}
      {{- $workload := include "stepgate.workload" (dict "id" $id "document" $document "root" $) -}}
      {{- if and $workload (not (has $name $.Values.entries)) -}}
        {{- if not (hasKey $workloads $workload) -}}
          {{- fail (printf "secrets: the workload %s has no Secret: run `stepgate secrets … --add`" $workload) -}}
        {{- end -}}
        {{- $known := get $workloads $workload -}}
        {{- $_ := set $known "documents" (append $known.documents $position | uniq) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $rendered := dict -}}
{{- range $name, $workload := $workloads -}}
  {{- if and $workload.documents (or (not $.Values.namespaces) (has $workload.namespace $.Values.namespaces)) -}}
    {{- $_ := set $rendered $name (include "stepgate.mentioned" (dict "workload" $workload "root" $) | fromJson) -}}
  {{- end -}}
{{- end -}}
{{- toJson $rendered -}}
{{- end -}}

{{/*
The workload with the keys of its documents only. The file may also have keys of other workflows, and of actors that other
revisions name: a gate refuses them.
*/}}
{{- define "stepgate.mentioned" -}}
{{- $workload := .workload -}}
{{- $keys := list -}}
{{- $variables := $workload.interlock -}}
{{- range $key := $workload.keys -}}
  {{- $mentioned := false -}}
  {{- range $position := $workload.documents -}}
    {{- $document := include "stepgate.long" (index $.root.Values.workflows (int $position)) | fromJson -}}
    {{- $of := and (eq $key.workflow $document.workflow) (ne (default "signed" $document.assurance) "identity") -}}
    {{- if and $of (or (eq $key.actor "*") (hasKey $document.actors $key.actor)) -}}{{- $mentioned = true -}}{{- end -}}
  {{- end -}}
  {{- if $mentioned -}}
    {{- $keys = append $keys $key -}}
    {{- if hasKey $key "env" -}}{{- $variables = append $variables $key.env -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- $environment := dict -}}
{{- range $variable := $variables -}}
  {{- $_ := set $environment $variable (get $workload.environment $variable) -}}
{{- end -}}
{{- $workload = set (set $workload "keys" $keys) "environment" $environment -}}
{{- toJson $workload -}}
{{- end -}}

{{/* A document with its actors and transitions in the long form, as JSON. */}}
{{- define "stepgate.long" -}}
{{- $document := deepCopy . -}}
{{- $actors := dict -}}
{{- if kindIs "slice" $document.actors -}}
  {{- range $name := $document.actors -}}{{- $_ := set $actors $name (dict) -}}{{- end -}}
{{- else -}}
  {{- $actors = $document.actors -}}
{{- end -}}
{{- range $name, $actor := $actors -}}
  {{- if and $document.namespace (not (hasKey $actor "spiffe")) -}}
    {{- $_ := set $actor "spiffe" (list (printf "ns/%s/sa/%s" $document.namespace $name)) -}}
  {{- end -}}
  {{- $ids := list -}}
  {{- range $id := $actor.spiffe -}}
    {{- if kindIs "map" $id -}}{{- $ids = append $ids $id.id -}}{{- else -}}{{- $ids = append $ids $id -}}{{- end -}}
  {{- end -}}
  {{- $_ := set $actor "spiffe" $ids -}}
{{- end -}}
{{- $transitions := list -}}
{{- range $transition := $document.transitions -}}
  {{- if kindIs "string" $transition -}}
    {{- $tasks := splitList "->" $transition -}}
    {{- range $position := until (sub (len $tasks) 1 | int) -}}
      {{- $to := index $tasks (add $position 1 | int) -}}
      {{- $transitions = append $transitions (dict "from" (index $tasks $position | trim) "to" (trim $to)) -}}
    {{- end -}}
  {{- else -}}
    {{- $transitions = append $transitions $transition -}}
  {{- end -}}
{{- end -}}
{{- toJson (set (set $document "actors" $actors) "transitions" $transitions) -}}
{{- end -}}

{{/* The positions of the documents, ordered by their names and revisions. */}}
{{- define "stepgate.order" -}}
{{- $positions := dict -}}
{{- range $position, $document := .Values.workflows -}}
  {{- $key := printf "%s/%010d" $document.workflow (int64 $document.revision) -}}
  {{- if hasKey $positions $key -}}
    {{- fail (printf "workflows: revision %v of %s is listed twice" $document.revision $document.workflow) -}}
  {{- end -}}
  {{- $_ := set $positions $key $position -}}
{{- end -}}
{{- $order := list -}}
{{- range $key := keys $positions | sortAlpha -}}
  {{- $order = append $order (get $positions $key) -}}
{{- end -}}
{{- toJson $order -}}
{{- end -}}

{{/* The workload NAMESPACE/ACCOUNT that a SPIFFE ID names, or nothing if it is not in this mesh. */}}
{{- define "stepgate.workload" -}}
{{- $domain := .document.trust_domain -}}
{{- $home := default $domain .root.Values.trustDomain -}}
{{- $id := .id -}}
{{- if not (contains ":" $id) -}}
  {{- $id = printf "spiffe://%s/%s" $domain (trimPrefix "/" $id) -}}
{{- end -}}
{{- $path := trimPrefix (printf "spiffe://%s/" $home) $id -}}
{{- if regexMatch "^ns/[a-z0-9-]+/sa/[a-z0-9.-]+$" $path -}}
  {{- $parts := splitList "/" $path -}}
  {{- printf "%s/%s" (index $parts 1) (index $parts 3) -}}
{{- end -}}
{{- end -}}

{{/* What gates are attached to. */}}
{{- define "stepgate.attach" -}}
{{- $own := false -}}
{{- range $workload := .inventory -}}
  {{- range $key := $workload.keys -}}
    {{- if ne $key.actor "*" -}}{{- $own = true -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- $attach := .root.Values.attach -}}
{{- if and $own (has $attach (list "namespace" "mesh")) -}}
  {{- fail "attach: with a key for each actor, every workload has its own configuration; use `workload`" -}}
{{- end -}}
{{- default (ternary "workload" "namespace" $own) $attach -}}
{{- end -}}

{{/* The namespaces of the workloads, as JSON. */}}
{{- define "stepgate.namespaces" -}}
{{- $namespaces := list -}}
{{- range $workload := .inventory -}}
  {{- $namespaces = append $namespaces $workload.namespace -}}
{{- end -}}
{{- $namespaces | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/* The namespaces that get gates, strict mTLS and the access log, as JSON. */}}
{{- define "stepgate.gateNamespaces" -}}
{{- if eq (include "stepgate.attach" .) "mesh" -}}
{{- list .root.Values.rootNamespace | toJson -}}
{{- else -}}
{{- include "stepgate.namespaces" . -}}
{{- end -}}
{{- end -}}
