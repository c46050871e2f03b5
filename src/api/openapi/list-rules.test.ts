import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtomicType, listRuleOf, ruledFields } from './list-rules.ts';
import { typeNamed, typeNames } from './schema.ts';

const fullName = (name: string) => [`io.k8s.api.${name}`, `io.k8s.${name}`].find(typeNamed) ?? name;

test('every rule is about a list or map that there is, and its keys are fields of the items', () => {
  for (const { typeName, field } of ruledFields()) {
    const name = fullName(typeName);
    const type = typeNamed(name)?.fields.get(field)?.type;
    assert.ok(type, `${name} has no ${field}`);
    const rule = listRuleOf(name, field);
    const item = type.is === 'list' ? type.of : undefined;
    for (const key of [...(rule?.keys ?? []), ...(rule?.mergeKey ? [rule.mergeKey] : [])]) {
      assert.ok(item?.is === 'object' && item.fields.has(key), `items of ${name}.${field} have no ${key}`);
    }
    if (rule?.owned === 'set') assert.ok(item && item.is !== 'object', `${name}.${field} is no set`);
  }
});

test('a patch and an apply may tell items apart in different ways', () => {
  const ports = listRuleOf('io.k8s.api.core.v1.Container', 'ports');
  assert.deepEqual([ports?.mergeKey, ports?.keys], ['containerPort', ['containerPort', 'protocol']]);
  const secrets = listRuleOf('io.k8s.api.core.v1.ServiceAccount', 'secrets');
  assert.deepEqual([secrets?.strategy, secrets?.mergeKey], ['merge', 'name']);
  assert.equal(listRuleOf('io.k8s.api.core.v1.PodSpec', 'tolerations'), undefined);
});

test('some objects are owned whole', () => {
  assert.ok(isAtomicType('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector'));
  assert.ok(!isAtomicType('io.k8s.api.core.v1.PodSpec'));
  assert.equal(typeNames().filter(isAtomicType).length, 27);
});
