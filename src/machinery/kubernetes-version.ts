/** The version of Kubernetes whose API is spoken, and as whose components all here present themselves. */
export const kubernetesVersion = 'v1.36.0';
