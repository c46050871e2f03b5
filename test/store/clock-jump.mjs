// Loaded before a program: its clock on the wall is off by what WHERRY_TEST_CLOCK_FILE says in milliseconds: when it starts,
// and from each SIGUSR2 on.
import { readFileSync } from 'node:fs';

const SystemDate = globalThis.Date;
const readOffset = () => Number(readFileSync(process.env.WHERRY_TEST_CLOCK_FILE ?? '', 'utf8'));
let offsetMs = readOffset();
process.on('SIGUSR2', () => {
  offsetMs = readOffset();
});

globalThis.Date = class extends SystemDate {
  constructor(...given) {
    if (given.length === 0) super(SystemDate.now() + offsetMs);
    else super(...given);
  }

  static now() {
    return SystemDate.now() + offsetMs;
  }
};
