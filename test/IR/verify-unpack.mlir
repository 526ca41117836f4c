// RUN: quant-opt %s -split-input-file -verify-diagnostics

func.func @unpack_c1(%x: tensor<i8>) {
  // expected-error@+1 {{expected codes of rank 1 or more, got 'tensor<i4>'}}
  %r = quantx.unpack %x as #quantx.packing<linear> : tensor<i8> to tensor<i4>
  return
}

// -----

func.func @unpack_c2(%x: tensor<8x64xi8>) {
  // expected-error@+1 {{expected bytes of shape 8x32 for codes 'tensor<8x64xi4>', got 8x64}}
  %r = quantx.unpack %x as #quantx.packing<linear> : tensor<8x64xi8> to tensor<8x64xi4>
  return
}

// -----

// 9 bits need a second byte.
func.func @unpack_c2_odd(%x: tensor<1xi8>) {
  // expected-error@+1 {{expected bytes of shape 2 for codes 'tensor<3xui3>', got 1}}
  %r = quantx.unpack %x as #quantx.packing<linear> : tensor<1xi8> to tensor<3xui3>
  return
}

// -----

func.func @unpack_c2_rank(%x: tensor<256xi8>) {
  // expected-error@+1 {{expected bytes of shape 8x32 for codes 'tensor<8x64xi4>', got 256}}
  %r = quantx.unpack %x as #quantx.packing<linear> : tensor<256xi8> to tensor<8x64xi4>
  return
}

// -----

// The number of bits does not fit 64 bits; that of the bytes does.
func.func @unpack_c2_huge(%x: tensor<1xi8>) {
  // expected-error@+1 {{expected bytes of shape 8070450532247928832 for}}
  %r = quantx.unpack %x as #quantx.packing<linear> : tensor<1xi8> to tensor<9223372036854775807xi7>
  return
}

// -----

func.func @wide_codes(%x: tensor<8x128xi8>) {
  // expected-error@+1 {{result #0 must be ranked tensor of 2 to 8 bit signless or unsigned integer values, but got 'tensor<8x64xi16>'}}
  %r = quantx.unpack %x as #quantx.packing<linear> : tensor<8x128xi8> to tensor<8x64xi16>
  return
}

// -----

func.func @one_bit(%x: tensor<8x8xi8>) {
  // expected-error@+1 {{result #0 must be ranked tensor of 2 to 8 bit signless or unsigned integer values, but got 'tensor<8x64xi1>'}}
  %r = quantx.unpack %x as #quantx.packing<linear> : tensor<8x8xi8> to tensor<8x64xi1>
  return
}

// -----

func.func @unpack_c3(%x: tensor<8x24xi8>) {
  // expected-error@+1 {{expected codes of 4 bits for split_half packing, got 'tensor<8x64xi3>'}}
  %r = quantx.unpack %x as #quantx.packing<split_half> : tensor<8x24xi8> to tensor<8x64xi3>
  return
}

// -----

func.func @unpack_c3_interleaved(%x: tensor<8x64xi8>) {
  // expected-error@+1 {{expected codes of 4 bits for interleaved8 packing, got 'tensor<8x64xui8>'}}
  %r = quantx.unpack %x as #quantx.packing<interleaved8> : tensor<8x64xi8> to tensor<8x64xui8>
  return
}
