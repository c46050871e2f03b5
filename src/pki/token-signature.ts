// How a join token vouches for what is public of a cluster: a detached signature (JWS, as kubeadm reads it) with the token's secret.

/** Under which key of cluster-info the signature of a token stands. */
export const signaturePrefix = 'jws-kubeconfig-';

export async function signatureBy(token: { id: string; secret: string }, content: string): Promise<string> {
  const { CompactSign } = await import('jose');
  const [head = '', , signature = ''] = (
    await new CompactSign(Buffer.from(content))
      .setProtectedHeader({ alg: 'HS256', kid: token.id })
      .sign(Buffer.from(token.secret))
  ).split('.');
  return `${head}..${signature}`;
}

export async function isSignedBy(
  token: { id: string; secret: string },
  content: string,
  signature: string,
): Promise<boolean> {
  const { compactVerify } = await import('jose');
  const [head = '', nothing, end = ''] = signature.split('.');
  if (nothing !== '') return false;
  const whole = [head, Buffer.from(content).toString('base64url'), end].join('.');
  return compactVerify(whole, Buffer.from(token.secret), { algorithms: ['HS256'] }).then(
    () => true,
    () => false,
  );
}
