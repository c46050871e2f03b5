// Loaded before a program: on SIGUSR2 its worker threads end, as one does that has no memory left.
process.on('worker', (worker) => {
  process.on('SIGUSR2', () => void worker.terminate());
});
