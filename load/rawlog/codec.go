package rawlog

import (
	"sync"

	encoder "github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// codec compresses the pages of segments as parquet-go's codec does, with one encoder
// that all logs of the process share. Parquet-go's own leaves its encoders to a pool,
// which Go's collector empties, and an encoder has a window of many megabytes.
type codec struct {
	zstd.Codec
	encoder *encoder.Encoder
}

// segmentCodec returns the codec, made on first use.
var segmentCodec = sync.OnceValue(func() *codec {
	// As small as the default level on Stripe's JSON, and faster. The error is about
	// options, and these are valid.
	e, _ := encoder.NewWriter(nil, encoder.WithEncoderConcurrency(1), encoder.WithEncoderLevel(encoder.SpeedFastest),
		encoder.WithLowerEncoderMem(true), encoder.WithZeroFrames(true), encoder.WithEncoderCRC(false))
	return &codec{encoder: e}
})

// Encode compresses a page into the memory of another one. Of several callers at a time
// the others wait.
func (c *codec) Encode(to, page []byte) ([]byte, error) {
	return c.encoder.EncodeAll(page, to[:0]), nil
}
