// Package oserr tells errors of the system apart that say nothing about the file they
// came with. It imports no package of ours.
package oserr
