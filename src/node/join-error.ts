// Why a host has not become a node, in words for who joins it.

export class JoinError extends Error {}

/** No word came of what was asked for, which may have been done all the same. */
export class JoinUnanswered extends JoinError {}
