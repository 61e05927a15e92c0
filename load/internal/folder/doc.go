// Package folder owns the listing of a lake's folders. Folders of the raw log may be
// links, because people put large folders on another disk. All code lists folders
// through this package, so that no command takes a part of a lake for the whole. Files
// must not be links: a rename replaces a link, and the file that it led to would stay
// (docs/adr/0035).
//
// Of our packages it may import only hint.
package folder
