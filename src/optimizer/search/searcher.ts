/**
 * Who searches windows: this thread, or several others (search-pool.ts). The result is the same.
 *
 *   task, and those that come next if it finds nothing --Searcher--> its result
 */
import type { WindowResult, WindowTask } from './window-search.ts';
import { type SearchTools, searchWindow } from './window-search.ts';

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
