// RUN: quant-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{expected a margin in (0, 1], got 0.0}}
func.func private @absmax_c1_zero() attributes {method = #quantx.absmax<margin = 0.0>}

// -----

// expected-error@+1 {{expected a margin in (0, 1], got -5.0}}
func.func private @absmax_c1_negative() attributes {method = #quantx.absmax<margin = -0.5>}

// -----

// expected-error@+1 {{expected a margin in (0, 1], got 1.5}}
func.func private @absmax_c1_above_one() attributes {method = #quantx.absmax<margin = 1.5>}

// -----

// expected-error@+1 {{expected a margin in (0, 1], got nan}}
func.func private @absmax_c1_nan() attributes {method = #quantx.absmax<margin = 0x7FF8000000000000>}

// -----

// expected-error@+1 {{expected 'pow2' or 'margin' in #quantx.absmax}}
func.func private @absmax_empty() attributes {method = #quantx.absmax<>}

// -----

// expected-error@+1 {{expected 'pow2' or 'margin' in #quantx.absmax}}
func.func private @absmax_unknown() attributes {method = #quantx.absmax<clip = 0.5>}

// -----

// expected-error@+1 {{expected '>'}}
func.func private @absmax_order() attributes {method = #quantx.absmax<pow2, margin = 0.5>}

// -----

// expected-error@+1 {{expected floating point literal}}
func.func private @absmax_margin_string() attributes {method = #quantx.absmax<margin = "half">}

// -----

// expected-error@+1 {{expected in #quantx.rounding one of nearest_even, nearest_toward_zero, stochastic, got 'up'}}
func.func private @rounding() attributes {value = #quantx.rounding<up>}

// -----

// expected-error@+1 {{expected in #quantx.packing one of linear, split_half, interleaved8, got 'zigzag'}}
func.func private @packing() attributes {value = #quantx.packing<zigzag>}

// -----

// expected-error@+1 {{expected in #quantx.scale_layout one of linear, tile128x4, got 'tile64x4'}}
func.func private @scale_layout() attributes {value = #quantx.scale_layout<tile64x4>}

// -----

// expected-error-re@+1 {{expected in #quantx.packing one of linear, split_half, interleaved8{{$}}}}
func.func private @packing_empty() attributes {value = #quantx.packing<>}

// -----

// expected-error-re@+1 {{expected in #quantx.packing one of linear, split_half, interleaved8{{$}}}}
func.func private @packing_number() attributes {value = #quantx.packing<1>}

// -----

// expected-error@+1 {{expected '>'}}
func.func private @packing_twice() attributes {value = #quantx.packing<linear, linear>}

// -----

// expected-error@+1 {{unknown attribute `nonsense` in dialect `quantx`}}
func.func private @unknown() attributes {value = #quantx.nonsense}

// -----

// expected-error@+1 {{unexpected parameters after #quantx.optimal}}
func.func private @parameters() attributes {value = #quantx.optimal<3>}

// -----

// expected-error@+1 {{expected '<'}}
func.func private @with_type() attributes {value = #quantx.with_type}
