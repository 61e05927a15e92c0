// Package oserr recognizes system errors that say nothing about the file that they came
// with. It imports no package of ours.
package oserr
