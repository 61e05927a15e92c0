// Package trace owns the list of moments at which a crash leaves something different
// behind. Crash tests and progress use it. The package does nothing itself and imports
// no package of ours.
package trace
