// Opens hosts or an engine, says so, and waits to be killed: what docker-engine.test.ts starts.

import { startDockerEngine } from './docker-engine.ts';
import { openHosts } from './hosts.ts';

await (process.argv[2] === 'hosts' ? openHosts() : startDockerEngine());
process.stdout.write('open\n');
setInterval(() => {}, 60_000);
