// Package trace names each moment at which a crash leaves something different
// behind. Crash tests hang off it; it does nothing itself and imports no package of
// ours.
package trace
