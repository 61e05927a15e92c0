package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/load"
)

// freeSpace is a flag's size of what is to stay free: 1GiB, 500MB, or a share of the
// disk, 5%.
type freeSpace load.Floor

// spareRoom is what is to stay free besides what a publish copies: for segments, for
// new partition files, and for what DuckDB writes meanwhile.
const spareRoom = 256 << 20

func (o *syncOptions) minFreeFlag() cli.Flag {
	o.minFree = freeSpace{Bytes: spareRoom, Publish: true}
	return &cli.GenericFlag{
		Name: "min-free", Value: &o.minFree, DefaultText: "256MiB and what a publish copies",
		Usage: "stop reading, and exit with status 1, when less than `SIZE` of the lake's disk is free, for example 1GiB or 5%; 0 turns this off",
	}
}

var sizeUnits = map[string]float64{
	"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40, "%": 0.01,
}

// Set reads a flag's value.
func (s *freeSpace) Set(text string) error {
	at := strings.LastIndexAny(text, "0123456789.") + 1
	number, unit := text[:at], strings.ToUpper(strings.TrimSpace(text[at:]))
	n, err := strconv.ParseFloat(number, 64)
	size, known := sizeUnits[unit]
	if unit == "" && n == 0 {
		size, known = 1, true
	}
	switch size *= n; {
	case err != nil || !known || !(n >= 0) || unit != "%" && size > math.MaxInt64/2 || unit == "%" && size >= 1:
		return errors.New("it is not a size like 1GiB or 500MB, nor a share like 5%")
	case unit == "%":
		*s = freeSpace{Share: size}
	default:
		*s = freeSpace{Bytes: int64(size)}
	}
	return nil
}

// String returns the value as a flag takes it.
func (s *freeSpace) String() string {
	if s.Share > 0 {
		return fmt.Sprintf("%g%%", s.Share*100)
	}
	return strings.ReplaceAll(bytesText(s.Bytes), " ", "")
}
