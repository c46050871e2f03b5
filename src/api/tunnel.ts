// What master and agents agree on for tunnels.

export const tunnelPath = '/wherry/tunnel';

/** With this the master closes a tunnel that is not needed. */
export const reachableCode = 4000;
