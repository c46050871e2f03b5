// A program: takes the pod network of the network namespace away in which it was started. Its argument is the agent's folder,
// if it is to be known.
import { createLog } from '../../src/base/log.ts';
import { removeNetwork } from '../../src/network/remove-network.ts';

const [dataDir] = process.argv.slice(2);
await removeNetwork({ log: createLog(), ...(dataDir && { dataDir }) });
