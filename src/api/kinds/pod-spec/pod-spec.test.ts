import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, pods } from '../pod.ts';

type Fields = Record<string, unknown>;

const container = (fields: Fields = {}) => ({ name: 'c', image: 'busybox:1.36', ...fields });

/** A pod as it reaches validation: completed, and with what admission gives it. */
function podWith(spec: Fields, annotations?: Record<string, string>): Pod {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', namespace: 'default', ...(annotations && { annotations }) },
    spec: { containers: [container()], serviceAccountName: 'default', ...spec },
    status: {},
  } as unknown as Pod;
  pods.setDefaults?.(pod);
  return pod;
}

function faultsOf(pod: Pod): string[] {
  return [...(pods.validate?.(pod) ?? [])].map(({ field, message }) => `${field}: ${message}`);
}

const inContainer = (fields: Fields): Fields => ({ containers: [container(fields)] });
const withVolume = (source: Fields, name = 'v'): Fields => ({ volumes: [{ name, ...source }] });

const at = 'spec.containers[0]';
const cases: { name: string; spec: Fields; faults: string[] }[] = [
  { name: 'a plain pod', spec: {}, faults: [] },
  { name: 'no containers', spec: { containers: [] }, faults: ['spec.containers: Required value'] },
  {
    name: 'a container without name and image',
    spec: { containers: [{}] },
    faults: [`${at}.name: Required value`, `${at}.image: Required value`],
  },
  {
    name: 'two containers of one name, one of them with spaces in its image',
    spec: { containers: [container(), container({ image: ' a ' })] },
    faults: [
      'spec.containers[1].name: Duplicate value: "c"',
      'spec.containers[1].image: Invalid value: " a ": must not have leading or trailing whitespace',
    ],
  },
  {
    name: 'ports out of range, of an unknown protocol, twice on the host',
    spec: inContainer({
      ports: [
        { containerPort: 70000, protocol: 'XXX' },
        { containerPort: 80, hostPort: 80 },
        { containerPort: 81, hostPort: 80 },
      ],
    }),
    faults: [
      `${at}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
      `${at}.ports[0].protocol: Unsupported value: "XXX": supported values: "SCTP", "TCP", "UDP"`,
      `${at}.ports[2].hostPort: Duplicate value: "TCP//80"`,
    ],
  },
  {
    name: 'a port that is not the host’s on its network',
    spec: { ...inContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }), hostNetwork: true },
    faults: [`${at}.ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`],
  },
  {
    name: 'variables: no name, two sources, an unknown field, a key of labels',
    spec: inContainer({
      env: [
        { value: 'x' },
        { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' }, secretKeyRef: { name: 's', key: 'k' } } },
        { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.nope' } } },
        { name: 'C', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } },
        { name: 'D', value: 'x', valueFrom: { configMapKeyRef: { name: 'm', key: '..' } } },
        { name: 'E', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } },
      ],
    }),
    faults: [
      `${at}.env[0].name: Required value`,
      `${at}.env[1].valueFrom: Invalid value: "": may not have more than one field specified at a time`,
      `${at}.env[2].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.nope": error converting fieldPath: field label not supported: metadata.nope`,
      `${at}.env[4].valueFrom.configMapKeyRef.key: Invalid value: "..": must not be '..'`,
      `${at}.env[4].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
      `${at}.env[5].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    ],
  },
  {
    name: 'more asked for than may be used, half a device, huge pages alone',
    spec: {
      containers: [
        container({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
        container({ name: 'd', resources: { limits: { 'example.com/gpu': '1500m' } } }),
        container({ name: 'e', resources: { limits: { 'hugepages-2Mi': '3Mi' } } }),
      ],
    },
    faults: [
      `${at}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
      'spec.containers[1].resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer',
      'spec.containers[1].resources.requests[example.com/gpu]: Invalid value: "1500m": must be an integer',
      'spec.containers[2].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      'spec.containers[2].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      'spec.containers[2].resources: Forbidden: HugePages require cpu or memory',
    ],
  },
  {
    name: 'probes with no handler, with two, and that want two successes',
    spec: inContainer({
      livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2, timeoutSeconds: -1 },
      readinessProbe: { exec: { command: ['x'] }, httpGet: { port: 'http' } },
      startupProbe: {},
    }),
    faults: [
      `${at}.livenessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0`,
      `${at}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
      `${at}.readinessProbe.httpGet: Forbidden: may not specify more than 1 handler type`,
      `${at}.startupProbe: Required value: must specify a handler type`,
    ],
  },
  {
    name: 'a hook that sleeps longer than the pod may',
    spec: inContainer({ lifecycle: { preStop: { sleep: { seconds: 40 } } } }),
    faults: [
      `${at}.lifecycle.preStop.sleep: Invalid value: 40: must be non-negative and less than terminationGracePeriodSeconds (30)`,
    ],
  },
  {
    name: 'what an init container may not have, unless it is a sidecar',
    spec: {
      initContainers: [
        container({ name: 'i', readinessProbe: { exec: { command: ['x'] } } }),
        container({ name: 's', restartPolicy: 'Always', readinessProbe: { exec: { command: ['x'] } } }),
        container({ name: 'c', restartPolicy: 'Never' }),
      ],
    },
    faults: [
      'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      'spec.initContainers[2].restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.initContainers[2].name: Duplicate value: "c"',
    ],
  },
  {
    name: 'a mount of a volume that is not there, and two at one place',
    spec: {
      ...inContainer({
        volumeMounts: [
          { name: 'no', mountPath: '/a' },
          { name: 'v', mountPath: '/a', subPath: '../x' },
        ],
      }),
      ...withVolume({ emptyDir: {} }),
    },
    faults: [
      `${at}.volumeMounts[0].name: Not found: "no"`,
      `${at}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique`,
      `${at}.volumeMounts.subPath: Invalid value: "../x": must not contain '..'`,
    ],
  },
  {
    name: 'a volume of two sorts, one of a faulty name',
    spec: { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }, { name: 'Bad_' }] },
    faults: [
      'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
      "spec.volumes[1].name: Invalid value: \"Bad_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ],
  },
  {
    name: 'files of a projected volume that hide each other, and a token that is too short',
    spec: withVolume({
      projected: {
        sources: [
          { configMap: { name: 'm', items: [{ key: 'k', path: 'p' }] } },
          { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
          { serviceAccountToken: { path: 't', expirationSeconds: 60 } },
        ],
      },
    }),
    faults: [
      'spec.volumes[0].projected: Invalid value: "s": conflicting duplicate paths',
      'spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
    ],
  },
  {
    name: 'the template of a claim that has a name of its own and asks for nothing',
    spec: withVolume({
      ephemeral: {
        volumeClaimTemplate: {
          metadata: { name: 'mine', labels: { a: 'c' } },
          spec: { accessModes: ['Sometimes'], resources: {} },
        },
      },
    }),
    faults: [
      'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set for an ephemeral volume',
      'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value',
    ],
  },
  {
    name: 'a pod with a DNS of its own that says nothing of it',
    spec: { dnsPolicy: 'None' },
    faults: ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  },
  {
    name: 'tolerations that say too little or too much',
    spec: {
      tolerations: [
        { value: 'x' },
        { key: 'a', operator: 'Exists', value: 'v' },
        { key: 'a', effect: 'NoSchedule', tolerationSeconds: 3 },
      ],
    },
    faults: [
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      'spec.tolerations[1].operator: Invalid value: "v": value must be empty when `operator` is \'Exists\'',
      'spec.tolerations[2].effect: Invalid value: "NoSchedule": effect must be \'NoExecute\' when `tolerationSeconds` is set',
    ],
  },
  {
    name: 'affinity without terms, and neighbours of no place',
    spec: {
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
        podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, podAffinityTerm: {} }] },
      },
    },
    faults: [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
      'spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
      'spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: Required value: can not be empty',
      'spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: Invalid value: "": name part must be non-empty',
      "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  },
  {
    name: 'a spread without a bound',
    spec: { topologySpreadConstraints: [{ topologyKey: 'zone', whenUnsatisfiable: 'Whatever' }] },
    faults: [
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
      'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Whatever": supported values: "DoNotSchedule", "ScheduleAnyway"',
    ],
  },
  {
    name: 'privileges given and taken at once, and a user who cannot be',
    spec: inContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false, runAsUser: -1 } }),
    faults: [
      `${at}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`,
      `${at}.securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false,"runAsUser":-1}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    ],
  },
  {
    name: 'sysctls of the host’s own network',
    spec: {
      hostNetwork: true,
      securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }, { name: 'B' }] },
    },
    faults: [
      'spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when \'hostNetwork\' is true',
      'spec.securityContext.sysctls[1].name: Invalid value: "B": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
    ],
  },
  {
    name: 'Linux’ rights in a pod for Windows',
    spec: { os: { name: 'windows' }, hostPID: true, ...inContainer({ securityContext: { privileged: true } }) },
    faults: [
      'spec.hostPID: Forbidden: cannot be set for a windows pod',
      `${at}.securityContext.privileged: Forbidden: cannot be set for a windows pod`,
    ],
  },
  {
    name: 'a node for a pod that waits behind a gate',
    spec: { nodeName: 'n', schedulingGates: [{ name: 'a.b/c' }] },
    faults: ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
  },
  {
    name: 'a pod’s own bounds below those of its containers',
    spec: {
      ...inContainer({ resources: { requests: { cpu: '2' }, limits: { memory: '2Gi' } } }),
      resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } },
    },
    faults: [
      'spec.resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
      'spec.resources.containers[0][memory].limits: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi',
    ],
  },
];

for (const { name, spec, faults } of cases) {
  test(`a pod's spec: ${name}`, () => assert.deepEqual(faultsOf(podWith(spec)), faults));
}

test('annotations that contradict the fields are refused', () => {
  const annotations = { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' };
  const spec = inContainer({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } });
  assert.deepEqual(faultsOf(podWith(spec, annotations)), [
    `${at}.securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match`,
  ]);
});

const warnings: { name: string; spec: Fields; told: string[] }[] = [
  { name: 'a plain pod', spec: {}, told: [] },
  {
    name: 'labels that nodes no longer have',
    spec: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
    told: ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
  },
  {
    name: 'a variable said twice, and one that builds on itself',
    spec: inContainer({
      env: [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
        { name: 'A', value: '$(A)3' },
      ],
    }),
    told: [`${at}.env[1]: hides previous definition of "A", which may be dropped when using apply`],
  },
  {
    name: 'half a byte, and a grace that is none',
    spec: { ...inContainer({ resources: { limits: { memory: '1500m' } } }), terminationGracePeriodSeconds: -1 },
    told: [
      `${at}.resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer`,
      `${at}.resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer`,
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ],
  },
  {
    name: 'one port twice',
    spec: inContainer({ ports: [{ containerPort: 80 }, { containerPort: 80 }] }),
    told: [`${at}.ports[1]: duplicate port definition with ${at}.ports[0]`],
  },
];

for (const { name, spec, told } of warnings) {
  test(`warnings of a pod: ${name}`, () => assert.deepEqual([...(pods.warningsFor?.(podWith(spec)) ?? [])], told));
}
