// A program: takes the pod network of the network namespace away in which it was started.
import { createLog } from '../../src/base/log.ts';
import { removeNetwork } from '../../src/network/remove-network.ts';

await removeNetwork({ log: createLog() });
