// From the command line to a command. A command's code is loaded when it is called for: what an agent needs costs a
// server no memory.
import { runCommandLine } from './cli/program.ts';

process.exitCode = await runCommandLine(process.argv);
