// wherry kubeconfig: the administrator's way in, for this machine or another.
import { type Command, Option } from 'commander';
import { readAdminKubeconfig } from './admin.ts';
import { type AdminFlags, adminFlags, kubeconfigOf, withFlags } from './options.ts';

export function addKubeconfigCommand(program: Command): void {
  withFlags(program.command('kubeconfig'), [
    ...adminFlags,
    new Option('--server <url>', 'the address of the server in it (default: as the server wrote it)'),
  ])
    .summary("print the administrator's kubeconfig")
    .description(
      `Print the administrator's kubeconfig, for kubectl on another machine:

  wherry kubeconfig --server https://203.0.113.7:6443 > ~/.kube/config

The server's certificate must be for that name or address: see --tls-san of \`wherry server\`.`,
    )
    .action(async ({ server, ...flags }: AdminFlags & { server?: string }) => {
      const { formatKubeconfig } = await import('../pki/kubeconfig.ts');
      const admin = await readAdminKubeconfig(kubeconfigOf(flags));
      process.stdout.write(formatKubeconfig({ ...admin, ...(server && { server }) }));
    });
}
