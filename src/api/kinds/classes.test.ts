import { createCases, updateCases } from './kind-cases.contract.ts';
import { priorityClasses } from './priority-class.ts';
import { runtimeClasses } from './runtime-class.ts';

createCases(priorityClasses, { value: 1000 }, [
  [{ value: -5, preemptionPolicy: 'Never' }],
  [{ value: 1_000_000_001 }, 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  [{ preemptionPolicy: 'Maybe' }, 'preemptionPolicy: Unsupported value: "Maybe"'],
  [{ metadata: { name: 'system-node-critical' }, value: 2_000_001_000 }],
  [
    { metadata: { name: 'system-node-critical' } },
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: value of system-node-critical PriorityClass must be 2000001000",
  ],
  [{ metadata: { name: 'system-own' } }, 'metadata.name: Forbidden'],
]);
updateCases(priorityClasses, { value: 1000 }, [
  [{ description: 'other', globalDefault: true }],
  [{ value: 5 }, 'Value: Forbidden: may not be changed in an update.'],
  [{ preemptionPolicy: 'Never' }, 'preemptionPolicy: Invalid value: "Never": field is immutable'],
]);

const toleration = { key: 'a', operator: 'Exists' };
createCases(runtimeClasses, { handler: 'runc' }, [
  [{ handler: null }, 'handler: Invalid value: ""'],
  [{ overhead: { podFixed: { cpu: '10m', memory: '64Mi' } } }],
  [
    { overhead: { podFixed: { pods: '1' } } },
    'overhead.podFixed[pods]: Invalid value: "pods": must be a standard resource for containers',
  ],
  [{ scheduling: { nodeSelector: { 'a b': 'c' } } }, 'scheduling.nodeSelector: Invalid value: "a b"'],
  [{ scheduling: { tolerations: [toleration, toleration] } }, 'scheduling.tolerations[1]: Duplicate value'],
  [
    { scheduling: { tolerations: [{ operator: 'Equal' }] } },
    'scheduling.tolerations[0].operator: Invalid value: "Equal"',
  ],
]);
updateCases(runtimeClasses, { handler: 'runc' }, [
  [{ handler: 'other' }, 'handler: Invalid value: "other": field is immutable'],
]);
