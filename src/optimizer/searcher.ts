/**
 * Who searches windows: this thread, or several others (searchpool.ts). The result is the same.
 *
 *   task, and those that come next if it finds nothing --Searcher--> its result
 */
import type { WindowResult, WindowTask } from './windowsearch.ts';
import { type SearchTools, searchWindow } from './windowsearch.ts';

export interface Searcher {
  /** @param ahead the tasks that follow in case that this one finds nothing, in order */
  search(task: WindowTask, ahead: () => Iterable<WindowTask>): Promise<WindowResult>;
  close(): Promise<void>;
}

/** Searches in the calling thread. */
export function localSearcher(tools: SearchTools): Searcher {
  return {
    search: async (task) => searchWindow(task, tools),
    close: async () => {},
  };
}
