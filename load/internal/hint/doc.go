// Package hint makes errors that know what to do about them. Whoever shows the two
// apart asks for them by the method Told, and cuts no text. It imports no package of
// ours.
package hint
