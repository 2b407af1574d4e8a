{{/*
The estate: every workload of the secrets, with the documents in which it takes part. As JSON, by
NAMESPACE/ACCOUNT: namespace, account, keys, interlock, held (variable to secret), documents (their places).
*/}}
{{- define "stepgate.estate" -}}
{{- $secrets := .Values.secrets | required "secrets: --set-file secrets=FILE, a file of `stepgate secrets`" -}}
{{- $workloads := dict -}}
{{- range $text := splitList "\n---\n" $secrets -}}
  {{- $secret := fromYaml $text -}}
  {{- if or (hasKey $secret "Error") (ne (toString $secret.kind) "Secret") -}}
    {{- fail "secrets: this is no file of `stepgate secrets`" -}}
  {{- end -}}
  {{- $account := trimPrefix "stepgate-" $secret.metadata.name -}}
  {{- $workload := dict "namespace" $secret.metadata.namespace "account" $account "held" $secret.stringData "documents" list -}}
  {{- $_ := set $workload "keys" (fromJsonArray (get $secret.metadata.annotations "stepgate.dev/keys")) -}}
  {{- $_ := set $workload "interlock" (fromJsonArray (get $secret.metadata.annotations "stepgate.dev/interlock")) -}}
  {{- $_ := set $workloads (printf "%s/%s" $secret.metadata.namespace $account) $workload -}}
{{- end -}}
{{- range $place := include "stepgate.order" . | fromJsonArray -}}
  {{- $place = int $place -}}
  {{- $document := index $.Values.workflows $place -}}
  {{- range $name, $actor := $document.actors -}}
    {{- range $id := $actor.spiffe -}}
      {{- $workload := include "stepgate.workload" (dict "id" $id "document" $document "root" $) -}}
      {{- if and $workload (not (has $name $.Values.entries)) -}}
        {{- if not (hasKey $workloads $workload) -}}
          {{- fail (printf "secrets: nothing is there for the workload %s: stepgate secrets … --add" $workload) -}}
        {{- end -}}
        {{- $known := get $workloads $workload -}}
        {{- $_ := set $known "documents" (append $known.documents $place | uniq) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $rendered := dict -}}
{{- range $name, $workload := $workloads -}}
  {{- if and $workload.documents (or (not $.Values.namespaces) (has $workload.namespace $.Values.namespaces)) -}}
    {{- $_ := set $rendered $name $workload -}}
  {{- end -}}
{{- end -}}
{{- toJson $rendered -}}
{{- end -}}

{{/* The places of the documents in the order of their names and revisions. */}}
{{- define "stepgate.order" -}}
{{- $places := dict -}}
{{- range $place, $document := .Values.workflows -}}
  {{- $key := printf "%s/%010d" $document.workflow (int64 $document.revision) -}}
  {{- if hasKey $places $key -}}
    {{- fail (printf "workflows: revision %v of %s stands twice" $document.revision $document.workflow) -}}
  {{- end -}}
  {{- $_ := set $places $key $place -}}
{{- end -}}
{{- $order := list -}}
{{- range $key := keys $places | sortAlpha -}}
  {{- $order = append $order (get $places $key) -}}
{{- end -}}
{{- toJson $order -}}
{{- end -}}

{{/* The workload NAMESPACE/ACCOUNT that an ID names, or nothing if it is none of this mesh. */}}
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

{{/* To what gates are attached. */}}
{{- define "stepgate.attach" -}}
{{- $own := false -}}
{{- range $workload := .estate -}}
  {{- range $key := $workload.keys -}}
    {{- if ne $key.actor "*" -}}{{- $own = true -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- $attach := .root.Values.attach -}}
{{- if and $own (has $attach (list "namespace" "mesh")) -}}
  {{- fail "attach: with a key for each actor, every workload has a configuration of its own: workload" -}}
{{- end -}}
{{- default (ternary "workload" "namespace" $own) $attach -}}
{{- end -}}

{{/* The namespaces of the workloads, as JSON. */}}
{{- define "stepgate.namespaces" -}}
{{- $namespaces := list -}}
{{- range $workload := .estate -}}
  {{- $namespaces = append $namespaces $workload.namespace -}}
{{- end -}}
{{- $namespaces | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/* Where gates, strict mTLS and the access log stand, as JSON. */}}
{{- define "stepgate.homes" -}}
{{- if eq (include "stepgate.attach" .) "mesh" -}}
{{- list .root.Values.rootNamespace | toJson -}}
{{- else -}}
{{- include "stepgate.namespaces" . -}}
{{- end -}}
{{- end -}}
