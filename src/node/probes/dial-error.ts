// Why a connection failed, in the words that people know from Kubernetes' events and search for.

const causes: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out',
};

/** `address` is HOST:PORT. */
export function dialError(error: unknown, address: string): string {
  const { code = '', message, syscall, hostname } = error as NodeJS.ErrnoException & { hostname?: string };
  const cause = causes[code];
  if (cause && syscall !== 'read') return `dial tcp ${address}: ${cause}`;
  if (syscall === 'getaddrinfo') return `dial tcp: lookup ${hostname}: no such host`;
  // Node makes an ECONNRESET of its own, without a system call, where the other side closed before it answered.
  if (code === 'ECONNRESET') return syscall ? `read tcp ${address}: read: connection reset by peer` : 'EOF';
  return message;
}

/** A time as Go writes it: 1s, 1m30s, 1h0m0s. */
export function goDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds % 60}s`;
}
