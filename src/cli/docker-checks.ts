// What `wherry check` finds of Docker Engine.
import { request } from 'node:http';
import { type Finding, fail, ok, warn } from './finding.ts';

interface Version {
  Version?: string;
  ApiVersion?: string;
}

interface Info {
  LiveRestoreEnabled?: boolean;
  Driver?: string;
  OSType?: string;
  SecurityOptions?: string[];
}

/** A host that is busy starting answers late. */
const patienceMs = 10_000;

export async function lookAtDocker(socket: string, timeoutMs = patienceMs): Promise<Finding[]> {
  const install = 'install Docker Engine (Debian: apt-get install docker.io), or name its socket with --docker-socket';
  try {
    const { Version: version, ApiVersion: api = '' } = await askDocker<Version>(socket, '/version', timeoutMs);
    const [major = 0, minor = 0] = api.split('.').map(Number);
    if (major < 1 || (major === 1 && minor < 41))
      return [fail(`Docker Engine ${version} is too old`, 'install 20.10 or later')];
    const info = await askDocker<Info>(socket, '/info', timeoutMs);
    return [ok(`Docker Engine ${version} (API ${api}) answers at ${socket}`), ...judgeDocker(info)];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [fail(`there is no Docker Engine at ${socket}`, install)];
    if (code === 'ECONNREFUSED') return [fail(`Docker Engine does not answer at ${socket}`, 'systemctl start docker')];
    if (code === 'EACCES') return [fail(`Docker Engine cannot be asked: ${message}`, 'run as root')];
    const why = code === 'ABORT_ERR' ? `it has not answered within ${timeoutMs / 1000} s` : message;
    return [
      fail(
        `Docker Engine at ${socket} cannot be asked: ${why}`,
        'see `journalctl -u docker`, or name its socket with --docker-socket',
      ),
    ];
  }
}

const settings = '/etc/docker/daemon.json';

export function judgeDocker({ LiveRestoreEnabled, Driver, OSType, SecurityOptions = [] }: Info): Finding[] {
  const findings: Finding[] = [];
  if (OSType !== undefined && OSType !== 'linux')
    findings.push(fail(`Docker Engine runs containers of ${OSType}`, 'use one for Linux'));
  if (SecurityOptions.some((option) => option.includes('name=rootless')))
    findings.push(
      fail('Docker Engine runs rootless, and cannot give pods their networks', 'run it as a system service'),
    );
  if (SecurityOptions.some((option) => option.includes('name=userns')))
    findings.push(
      fail(
        'Docker Engine maps users, which containers of one pod cannot share',
        `take userns-remap out of ${settings}`,
      ),
    );
  if (Driver === 'vfs')
    findings.push(warn('Docker Engine copies images whole for each container (vfs)', 'put its data on ext4 or xfs'));
  findings.push(
    LiveRestoreEnabled
      ? ok('pods outlive a restart of Docker Engine (live-restore)')
      : warn(
          'Docker Engine ends all pods when it restarts',
          `say "live-restore": true in ${settings}, then \`systemctl reload docker\``,
        ),
  );
  return findings;
}

function askDocker<T>(socketPath: string, path: string, timeoutMs: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const asked = request({ socketPath, path, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.once('error', reject);
    response.once('end', () => {
      try {
        resolve(JSON.parse(text));
      } catch (error) {
        reject(error);
      }
    });
  });
  asked.once('error', reject);
  asked.end();
  return promise;
}
