/** Puts rules in force. One contract for all ways to do it. */
export interface ProxyBackend {
  /** Applies a script whole or not at all; rejects where it was not applied. */
  apply(script: string): Promise<void>;
  /** Whether the table still stands: somebody may have flushed all rules. */
  isInstalled(): Promise<boolean>;
  /** Ends flows of connectionless clients to an address that no longer serves them. */
  forgetFlows(flow: { protocol: string; address: string; port: number }): Promise<void>;
  /** Removes everything the proxy has put in force. */
  remove(): Promise<void>;
}
