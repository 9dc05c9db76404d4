{{- define "policyd.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "policyd.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "policyd.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "policyd.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "policyd.selector" -}}
app.kubernetes.io/name: {{ include "policyd.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "policyd.labels" -}}
{{ include "policyd.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "policyd.serviceAccount" -}}
{{- default (ternary (include "policyd.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "policyd.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "policyd.hasPolicies" -}}
{{- if or .Values.policies.files .Values.policies.configMaps }}yes{{ end -}}
{{- end -}}

{{- /* The agent's configuration: a document of kind Agent. */ -}}
{{- define "policyd.agent" -}}
{{- $sources := .Values.sources -}}
{{- if include "policyd.hasPolicies" . -}}
{{- $mounted := dict "name" "configmap" "directory" (dict "path" "/etc/policyd/policies") -}}
{{- $sources = prepend $sources $mounted -}}
{{- end -}}
{{- $listen := list "unix:/run/policyd/agent.sock" -}}
{{- $spec := dict -}}
{{- if .Values.http.enabled -}}
{{- $listen = append $listen (printf "http://%s:%v" .Values.http.address (int .Values.http.port)) -}}
{{- $_ := set $spec "allowRemote" true -}}
{{- end -}}
{{- $_ := set $spec "sources" $sources -}}
{{- $_ := set $spec "sinks" .Values.sinks -}}
{{- $_ := set $spec "listen" $listen -}}
{{- $spec = merge $spec (deepCopy .Values.agent) -}}
apiVersion: policyd.dev/v1alpha1
kind: Agent
metadata:
  name: {{ include "policyd.fullname" . }}
spec:
  {{- toYaml $spec | nindent 2 }}
{{- end -}}

{{- /* Why the container has a capability: the reasons of `policyd doctor`. */ -}}
{{- define "policyd.capabilityReason" -}}
{{- $reasons := dict
  "BPF" "maps, programs, and what is pinned"
  "PERFMON" "programs that read the kernel's memory; perf events of tracepoints; the verifier's trust in pointers"
  "NET_ADMIN" "hooks of packets and cgroups (xdp, tc, connect, bind, sendmsg)"
  "SYS_PTRACE" "optional: the program of processes that were there before the agent"
  "SYSLOG" "optional: names of functions in columns that are kernel addresses"
-}}
{{- get $reasons . | default "asked for by a value of the chart" -}}
{{- end -}}
