# The page shows the commands that a person types. This is what the test does beside them: where a person would look
# again, it waits. It shadows `kubectl`, and repeats no command of the page.
kubectl() {
    # It stays in the background. A shell around it would keep the output open.
    case "$*" in *' port-forward '*) exec kubectl "$@" ;; esac
    command kubectl "$@" || return
    case "$*" in
    *' rollout status '*) replaced ;;
    'apply --server-side -k own') in_force ;;
    esac
}

# The pods that others replace are gone.
replaced() {
    until [ "$(command kubectl -n movie get pods -o name | wc -l)" = 7 ]; do sleep 1; done
}

# Every pod has restarted if it must, and every gate has the configuration that was applied.
in_force() {
    command kubectl -n movie rollout status deployment --timeout=240s >/dev/null && replaced
    if grep -q stages/off own/kustomization.yaml; then
        until answer | grep -q '^200'; do sleep 1; done
        return
    fi
    for actor in owner vfx-1 vfx-2 vfx-3 color sound hdr; do
        until [ "$(in_gate "$actor")" = "$(in_plugin)" ] && has_module "$actor"; do sleep 1; done
    done
    case "$(grep -o 'stages/[a-z]*' own/kustomization.yaml)" in
    # Nothing is refused, and the page looks at what the gates have logged.
    stages/observe) ;;
    stages/enforce) until answer | grep -q NO_STEP; do sleep 1; done ;;
    *) until answer | grep -q '^200'; do sleep 1; done ;;
    esac
}

# A request that is in no workflow, and changes nothing.
answer() {
    command kubectl -n movie exec deployment/hdr -c app -- python3 /app/service.py call vfx-1 /shots/7
}

# The mode, revisions and keys of the plugin, one a line; keys with their use.
in_plugin() {
    command kubectl -n movie get wasmplugin stepgate -o jsonpath='{.spec.pluginConfig.mode}{"\n"}{range .spec.pluginConfig.workflows[*]}{.revision}{"\n"}{end}{range .spec.pluginConfig.keys[*]}{.kid} {.use}{"\n"}{end}' | sort -u
}

# The same of an actor's gate, by its gauges above 0.
in_gate() {
    command kubectl -n movie exec "deployment/$1" -c istio-proxy -- pilot-agent request GET 'stats?filter=stepgate_(gate|key)' 2>/dev/null |
        grep ': [1-9]' | grep -oE '(mode|revision)=\.=[^;]*;|kid=.*;use=[^;]*;' |
        sed -E 's/^[a-z]*=\.=//; s/;\.;use=\.=/ /; s/;$//' | sort -u
}

# Whether an actor's proxy has the module of the plugin.
has_module() {
    command kubectl -n movie exec "deployment/$1" -c istio-proxy -- pilot-agent request GET 'config_dump?resource=ecds_filters' 2>/dev/null |
        grep -q "$(command kubectl -n movie get wasmplugin stepgate -o jsonpath='{.spec.sha256}')"
}
