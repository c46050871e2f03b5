// A program: asks the resolver SERVER, with a resolver library that is not ours, for every TYPE NAME pair on its command line.
// Prints a line of JSON each: the records, or the code of the failure.
import { Resolver } from 'node:dns/promises';

const [server = '', ...questions] = process.argv.slice(2);
const resolver = new Resolver({ timeout: 3_000, tries: 1 });
resolver.setServers([server]);
for (let index = 0; index < questions.length; index += 2) {
  const [type = '', name = ''] = questions.slice(index, index + 2);
  try {
    process.stdout.write(`${JSON.stringify(await resolver.resolve(name, type))}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify((error as NodeJS.ErrnoException).code)}\n`);
  }
}
