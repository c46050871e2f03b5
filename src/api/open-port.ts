// What an administrator types to let others in to a port, for the firewalls that hosts have.
export function openPort(protocol: 'tcp' | 'udp', port: number): string {
  return (
    `\`ufw allow ${port}/${protocol}\`, or \`firewall-cmd --permanent --add-port=${port}/${protocol} && ` +
    `firewall-cmd --reload\`, or \`iptables -I INPUT -p ${protocol} --dport ${port} -j ACCEPT\``
  );
}
