import type { AddressFamily } from '../machinery/address-family.ts';

/** Where clients send their packets. */
export interface Flow {
  protocol: string;
  address: string;
  port: number;
}

/** Puts rules in force. One contract for all ways to do it. */
export interface ProxyBackend {
  /** Sets how long, and how many, flows are remembered; rejects where the machine keeps its own settings. */
  prepare(): Promise<void>;
  /** The families of which this machine has addresses and takes rules. */
  families(): Promise<readonly AddressFamily[]>;
  /** Applies a script whole or not at all; rejects where it was not applied. */
  apply(script: string): Promise<void>;
  /** Whether the table of a family still stands: somebody may have flushed all rules. */
  isInstalled(family: AddressFamily): Promise<boolean>;
  /** Ends flows of connectionless clients to addresses that no longer serve them; other flows to these may have to choose again. Gives how many were ended. */
  forgetFlows(flows: readonly Flow[]): Promise<number>;
  /** Removes everything the proxy has put in force. */
  remove(): Promise<void>;
}
