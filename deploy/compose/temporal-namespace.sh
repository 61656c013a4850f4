#!/bin/sh
# The namespace, with how long closed cases stay in it, and the search attributes; again, it changes nothing.
# Tried until it is done: a server that has just started does not know its own namespaces yet.
set -eu
until temporal operator cluster health >/dev/null 2>&1; do sleep 1; done
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
until temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; do sleep 1; done
known="$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE")"
for attribute in CaseStage:Keyword CaseSticker:Keyword CaseCounty:Keyword CaseUnit:Keyword CaseCategory:KeywordList \
  CaseWaitingFor:KeywordList CaseStarred:Bool CaseOverdue:Bool CaseDueAt:Datetime CaseRound:Int; do
  case "$known" in *" ${attribute%%:*} "*) continue ;; esac
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
    --name "${attribute%%:*}" --type "${attribute##*:}"
done
