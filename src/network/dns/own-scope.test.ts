import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOfService } from './own-scope.ts';

const cases: [groups: string, isService: boolean][] = [
  ['0::/system.slice/wherry-agent.service\n', true],
  ['0::/system.slice/wherry-agent.service/inner\n', true],
  ['2:cpu:/\n1:name=systemd:/system.slice/wherry.service\n0::/\n', true],
  ['0::/user.slice/user-1000.slice/session-2.scope\n', false],
  ['0::/system.slice/run-r1.scope\n', false],
  ['4:memory:/a.service\n0::/\n', false],
  ['', false],
];
for (const [groups, isService] of cases) {
  test(`${JSON.stringify(groups)} is ${isService ? '' : 'not '}of a service`, () =>
    assert.equal(isOfService(groups), isService));
}
