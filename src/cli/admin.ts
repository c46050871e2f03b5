// The administrator's connection to a cluster, by the kubeconfig that its server wrote.
import { readFileIfThere } from '../base/files.ts';
import { createLog } from '../base/log.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { type Kubeconfig, parseKubeconfig } from '../pki/kubeconfig.ts';

export async function readAdminKubeconfig(file: string): Promise<Kubeconfig> {
  const text = await readFileIfThere(file);
  if (text === undefined)
    throw new Error(`${file} does not exist: run this on the server's host, or name its kubeconfig`);
  return parseKubeconfig(text);
}

export async function asAdmin<T>(
  { server, ca, identity }: Kubeconfig,
  run: (client: Client) => Promise<T>,
): Promise<T> {
  const log = createLog({ level: 'error' });
  const transport = new HttpTransport({ server, ca, ...(identity && { identity }), log });
  try {
    return await run(new Client(transport));
  } finally {
    await transport.close();
  }
}
