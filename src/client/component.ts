/**
 * A part of the cluster that runs for as long as it is wanted. `run` resolves when the signal has been aborted and
 * everything it started has stopped; it rejects where the component cannot go on.
 */
export interface Component {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}
