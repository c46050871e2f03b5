// The version of the Kubernetes API that is spoken here, and of the program that speaks it.

export const programVersion = '0.1.0';
export const kubernetesVersion = 'v1.34.0+wherry';
