// Package killtest kills processes with SIGKILL at every moment that leaves something
// different behind, and holds that whatever comes next makes of the lake what an
// undisturbed run makes of it. It has tests only.
package killtest
