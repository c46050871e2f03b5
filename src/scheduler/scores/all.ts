// The scores and what each weighs: as in Kubernetes.
import { balancedAllocationScore } from './balanced-allocation.ts';
import { imageLocalityScore } from './image-locality.ts';
import { leastAllocatedScore } from './least-allocated.ts';
import { nodeAffinityScore } from './node-affinity.ts';
import { podAffinityScore } from './pod-affinity.ts';
import type { Score } from './score.ts';
import { taintsScore } from './taints.ts';
import { topologySpreadScore } from './topology-spread.ts';

export interface WeightedScore {
  score: Score;
  weight: number;
}

export const allScores: readonly WeightedScore[] = [
  { score: taintsScore, weight: 3 },
  { score: nodeAffinityScore, weight: 2 },
  { score: topologySpreadScore, weight: 2 },
  { score: podAffinityScore, weight: 2 },
  { score: leastAllocatedScore, weight: 1 },
  { score: balancedAllocationScore, weight: 1 },
  { score: imageLocalityScore, weight: 1 },
];
