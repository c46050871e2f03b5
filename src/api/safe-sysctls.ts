// The kernel settings that a pod may have of its own without harm to others: what any node allows, and what the baseline
// of pod security allows.

export const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** The name with dots between its parts: it may be written with slashes, and then a dot is one of a card's name. */
export function sysctlName(name: string): string {
  const [first] = /[./]/.exec(name) ?? [];
  return first === '/' ? name.replaceAll(/[./]/g, (sign) => (sign === '/' ? '.' : '/')) : name;
}
