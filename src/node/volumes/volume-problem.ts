// Why volumes cannot be had, in the words that the pod's owner reads.

/** Why a volume cannot be had, in words for the pod's owner. */
export class VolumeProblem extends Error {}

/** A claim that leads to no volume, yet. */
export class ClaimProblem extends VolumeProblem {
  /** The API could not be asked. */
  readonly isAway: boolean;

  constructor(why: string, isAway = false) {
    super(why);
    this.isAway = isAway;
  }
}

/** A volume that is there, but cannot be made ready: in the words that the event tells, which name it. */
export class SetUpProblem extends VolumeProblem {
  constructor(volume: string, why: string) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${why}`);
  }
}
