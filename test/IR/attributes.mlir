// Every attribute prints what it parses, and defaults are not printed.
//
// RUN: quant-opt %s | FileCheck %s
// RUN: %quant_opt %s -emit-bytecode | %quant_opt | FileCheck %s

// CHECK: method = #quantx.absmax}
func.func private @absmax() attributes {method = #quantx.absmax}
// CHECK: method = #quantx.absmax}
func.func private @absmax_default() attributes {method = #quantx.absmax<margin = 1.0>}
// CHECK: method = #quantx.absmax<margin = 9.000000e-01>}
func.func private @absmax_margin() attributes {method = #quantx.absmax<margin = 0.9>}
// The shortest text that is the same double.
// CHECK: method = #quantx.absmax<margin = 0.33333333333333331>}
func.func private @absmax_third() attributes {method = #quantx.absmax<margin = 0.3333333333333333>}
// CHECK: method = #quantx.absmax<pow2>}
func.func private @absmax_pow2() attributes {method = #quantx.absmax<pow2>}
// CHECK: method = #quantx.absmax<margin = 5.000000e-01, pow2>}
func.func private @absmax_both() attributes {method = #quantx.absmax<margin = 0.5, pow2>}
// CHECK: methods = [#quantx.minmax, #quantx.floor, #quantx.ceil, #quantx.even, #quantx.rceil]
func.func private @others() attributes {methods = [#quantx.minmax, #quantx.floor, #quantx.ceil, #quantx.even, #quantx.rceil]}
// CHECK: methods = [#quantx.optimal, #quantx.four_over_six, #quantx.hessian]
func.func private @searches() attributes {methods = [#quantx.optimal, #quantx.four_over_six, #quantx.hessian]}
// CHECK: [#quantx.rounding<nearest_even>, #quantx.rounding<nearest_toward_zero>, #quantx.rounding<stochastic>]
func.func private @rounding() attributes {values = [#quantx.rounding<nearest_even>, #quantx.rounding<nearest_toward_zero>, #quantx.rounding<stochastic>]}
// CHECK: [#quantx.packing<linear>, #quantx.packing<split_half>, #quantx.packing<interleaved8>]
func.func private @packing() attributes {values = [#quantx.packing<linear>, #quantx.packing<split_half>, #quantx.packing<interleaved8>]}
// CHECK: [#quantx.scale_layout<linear>, #quantx.scale_layout<tile128x4>]
func.func private @scale_layout() attributes {values = [#quantx.scale_layout<linear>, #quantx.scale_layout<tile128x4>]}

// A type after an attribute is kept with it, in text that parses back.
// CHECK: first = #quantx.with_type<#quantx.floor, i32>
// CHECK-SAME: second = [#quantx.with_type<#quantx.absmax<pow2>, tensor<4xf32>>]
func.func private @with_type() attributes {first = #quantx.floor : i32, second = [#quantx.absmax<pow2> : tensor<4xf32>]}
