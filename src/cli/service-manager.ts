// What systemd is told of a service of type notify. It listens on a datagram socket, which Node does not have:
// systemd's own program speaks for us, and the unit says NotifyAccess=all.
import { execute } from '../base/exec.ts';
import type { Log } from '../base/log.ts';

export async function tellServiceManager(state: 'READY=1' | 'STOPPING=1', log: Log): Promise<void> {
  if (!process.env.NOTIFY_SOCKET) return;
  try {
    await execute('systemd-notify', [state]);
  } catch (error) {
    log.warn('the service manager could not be told', { state, error });
  }
}
