// Who the operator is on a control plane of ours: the account of manifests/rbac.yaml.

export const OPERATOR_NAMESPACE = 'k8-highlander'
export const SERVICE_ACCOUNT = `system:serviceaccount:${OPERATOR_NAMESPACE}:k8-highlander`
