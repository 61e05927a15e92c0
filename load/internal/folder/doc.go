// Package folder lists and walks the folders of a lake. Those of the raw log may be
// links: people put what is large on another disk. Whoever lists folders does it by
// the functions here, so that no command takes less of a lake for the whole than
// another does. Files may not be links: one is replaced by a rename, and what it led
// to would stay (docs/adr/0035).
//
// It imports no package of ours but hint beside it.
package folder
