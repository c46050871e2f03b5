// A cluster on one screen: what there is, what is wrong with it, and what to do. Pure.
import { addressOf, type Node, nodeReadiness } from '../api/kinds/node.ts';
import { isPodFinished, type Pod } from '../api/kinds/pod.ts';
import { termOf } from '../pki/certificate-terms.ts';
import type { CertificateRow } from './certs.ts';

export interface ClusterView {
  server: string;
  /** As the master tells it. */
  version: string;
  /** By the program that asks. */
  program: string;
  nodes: readonly Node[];
  pods: readonly Pod[];
  certificates: readonly CertificateRow[];
  /** The newest backup; undefined where there is none. */
  backup: { file: string; takenMs: number } | undefined;
  /** What the server knows of the files in its manifests folder. */
  manifests: readonly { file: string; fault?: string }[];
  freeBytes: number;
  nowMs: number;
}

export interface Problem {
  text: string;
  remedy: string;
}

const dayMs = 86_400_000;
const stuckMs = 300_000;
const restartsMany = 5;

export function statusReport(view: ClusterView): string {
  const { server, version, program, nodes, pods, certificates, backup, manifests, freeBytes, nowMs } = view;
  const problems = problemsOf(view);
  const ready = nodes.filter(isReady).length;
  const first = certificates
    .map((row) => ({ name: row.name, toMs: termOf(row.pem).toMs }))
    .sort((one, other) => one.toMs - other.toMs)[0];
  const facts: [string, string][] = [
    ['server', `${server}  Kubernetes ${version}, wherry ${program}`],
    ['disk', `${Math.floor(freeBytes / 1e6)} MB left`],
    ['backup', backup ? `${backup.file}, ${ago(nowMs - backup.takenMs)}` : 'none yet'],
    [
      'certificates',
      first ? `the first ends in ${Math.floor((first.toMs - nowMs) / dayMs)} days (${first.name})` : 'none here',
    ],
    ...(manifests.length > 0 ? [manifestFact(manifests)] : []),
    ['pods', countsOf(pods)],
    ['nodes', `${nodes.length}, ${ready} ready`],
  ];
  return [
    ...facts.map(([name, text]) => `${name.padEnd(13)} ${text}`),
    ...nodeLines(nodes, pods),
    '',
    ...(problems.length === 0 ? ['Nothing is wrong.'] : ['What is wrong:']),
    ...problems.flatMap(({ text, remedy }) => [`- ${text}`, `  ${remedy}`]),
  ].join('\n');
}

export function problemsOf(view: ClusterView): Problem[] {
  const { nodes, pods, certificates, backup, manifests, freeBytes, nowMs } = view;
  const problems: Problem[] = [];
  if (nodes.length === 0)
    problems.push({
      text: 'there is no node, so no pod runs',
      remedy: 'make a token with `wherry token create`, and join a host: install.sh agent --server ... --token ...',
    });
  for (const node of nodes) problems.push(...problemsOfNode(node));
  problems.push(...problemsOfPods(pods, nowMs));
  for (const { file, fault } of manifests)
    if (fault)
      problems.push({ text: `manifest ${file}: ${fault}`, remedy: 'mend the file: it is tried again by itself' });
  for (const { name, pem, canRotate } of certificates) {
    const days = Math.floor((termOf(pem).toMs - nowMs) / dayMs);
    // It should have been renewed long ago.
    if (days < 30)
      problems.push({
        text: days < 0 ? `the certificate ${name} is over` : `the certificate ${name} ends in ${days} days`,
        remedy: canRotate
          ? `wherry certs rotate ${name}; the log says why it was not renewed`
          : 'make a new cluster in time',
      });
  }
  if (backup && nowMs - backup.takenMs > 2 * dayMs)
    problems.push({
      text: `the newest backup is ${ago(nowMs - backup.takenMs)}`,
      remedy: 'see the log of the server for "no backup could be taken", or take one: wherry backup',
    });
  if (freeBytes < 1e9)
    problems.push({
      text: `the disk of the server has ${Math.floor(freeBytes / 1e6)} MB left: when it is full, nothing can be written`,
      remedy: 'make room',
    });
  return problems;
}

function problemsOfNode(node: Node): Problem[] {
  const { name } = node.metadata;
  const readiness = nodeReadiness(node);
  if (readiness?.status !== 'True') {
    const isSilent = readiness === undefined || readiness.status === 'Unknown';
    return [
      isSilent
        ? {
            text: `node ${name} is silent`,
            remedy: `see whether the host is up, then there: systemctl status wherry-agent. Is it gone for good: kubectl delete node ${name}`,
          }
        : {
            text: `node ${name} is not ready: ${readiness.message ?? readiness.reason}`,
            remedy: `there: journalctl -u wherry-agent`,
          },
    ];
  }
  return (node.status.conditions ?? [])
    .filter(({ type, status }) => type !== 'Ready' && status === 'True')
    .map(({ type, message }) => ({
      text: `node ${name}: ${message ?? type}`,
      remedy: `kubectl describe node ${name}`,
    }));
}

function problemsOfPods(pods: readonly Pod[], nowMs: number): Problem[] {
  return pods.flatMap((pod): Problem[] => {
    const { namespace, name, creationTimestamp } = pod.metadata;
    const place = `pod ${namespace}/${name}`;
    const look = `kubectl describe pod -n ${namespace} ${name}`;
    const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])];
    const waiting = statuses.find(({ state }) => /BackOff|Err|Invalid/.test(state?.waiting?.reason ?? ''));
    if (waiting) {
      const { reason, message } = waiting.state?.waiting ?? {};
      const hint =
        reason === 'CrashLoopBackOff' ? `kubectl logs -n ${namespace} ${name} -c ${waiting.name} --previous` : look;
      return [{ text: `${place}: ${reason}${message ? `, ${message}` : ''}`, remedy: hint }];
    }
    const restarts = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
    if (restarts >= restartsMany && statuses.some(({ ready }) => !ready))
      return [
        { text: `${place} was restarted ${restarts} times`, remedy: `kubectl logs -n ${namespace} ${name} --previous` },
      ];
    const scheduled = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
    if (pod.status.phase === 'Pending' && nowMs - Date.parse(creationTimestamp ?? '') > stuckMs)
      return [{ text: `${place} is pending${scheduled?.message ? `: ${scheduled.message}` : ''}`, remedy: look }];
    return [];
  });
}

const isReady = (node: Node): boolean => nodeReadiness(node)?.status === 'True';

function nodeLines(nodes: readonly Node[], pods: readonly Pod[]): string[] {
  const rows = nodes.map((node) => {
    const running = pods.filter(
      ({ spec, status }) => spec.nodeName === node.metadata.name && status.phase === 'Running',
    );
    const how = isReady(node) ? 'ready' : nodeReadiness(node)?.status === 'False' ? 'not ready' : 'silent';
    return [
      node.metadata.name,
      node.spec.unschedulable ? `${how}, takes no pods` : how,
      addressOf(node, 'InternalIP') ?? '',
      node.status.nodeInfo?.kubeletVersion ?? '',
      `${running.length} pods`,
    ];
  });
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

function manifestFact(manifests: ClusterView['manifests']): [string, string] {
  const faulty = manifests.filter(({ fault }) => fault).length;
  return ['manifests', `${manifests.length}, ${manifests.length - faulty} applied`];
}

function countsOf(pods: readonly Pod[]): string {
  const open = pods.filter((pod) => !isPodFinished(pod));
  const running = open.filter(({ status }) => status.phase === 'Running').length;
  return `${running} running, ${open.length - running} not running yet, ${pods.length - open.length} finished`;
}

function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes ago`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} hours ago` : `${Math.floor(minutes / 1440)} days ago`;
}
