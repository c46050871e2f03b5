// Time in which this process was awake. On a busy machine it may stand still for seconds while the answer that it waits for lies
// there already, and would take it for missing when it goes on, because timers come first.

const stepMs = 100;

/** Calls when so much of it has gone; answers how to call it off. */
export function afterAwake(awakeMs: number, over: () => void): () => void {
  let leftMs = awakeMs;
  const timer = setInterval(() => {
    leftMs -= stepMs;
    if (leftMs > 0) return;
    clearInterval(timer);
    over();
  }, stepMs);
  return () => clearInterval(timer);
}
