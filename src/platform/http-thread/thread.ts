// What a thread runs that takes connections for the one that started it.
import { parentPort } from 'node:worker_threads';
import { type AnswererPort, takeConnections } from './take-connections.ts';

takeConnections(parentPort as AnswererPort);
